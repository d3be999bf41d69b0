"""Is it alive, is it ready, what does it measure: asked by /healthz, /readyz, /metrics and `selfcheck`."""
