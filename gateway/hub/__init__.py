"""The hub: the minimal back end. It keeps what gateways send, once, and answers what is known of a product."""
