"""EPCIS 2.0: what the gateway did, in GS1's words. Pure: values in, values out; no socket, clock or log."""
