"""Makes what a handheld runs: one linked program, compiled (`build`), and packed as a signed update (`bundle`)."""
