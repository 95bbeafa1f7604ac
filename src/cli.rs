//! The command line, and the one place that names every layer.
