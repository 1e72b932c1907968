"""The verbs as Python calls: a thin shell around `evalplat.sdk`, as `evalplat.cli` is for the terminal."""
