"""How the server is, for those who watch over it: whether it lives, whether it is ready, and figures for Prometheus.

What can be read when somebody looks is read then (`families`, `storage`); only what exists as events alone is counted
as it happens (`events`, `loop_lag`). The rooms below know nothing of it.
"""
