"""The engine: plugins, experiments, trials, training, evaluation, profiling, store, command line."""
