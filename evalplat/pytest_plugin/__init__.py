"""pytest_plugin: a gate as a test."""
