"""The panels of a gate's page, one a file: each builds the variables of its template, or None where it has nothing."""
