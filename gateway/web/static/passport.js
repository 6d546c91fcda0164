/** The passport page: a verdict of its own, where the browser can verify. */
