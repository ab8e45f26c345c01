"""Coverage-guided fuzzing (atheris, which is libFuzzer) of the targets in tests/fuzz/.

Each file there is one family and holds `TARGETS`; the folder is the registry.
"""
