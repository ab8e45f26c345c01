"""The record of a ceremony: what happened, chained, signed, printed and sealed. docs/ceremony.md writes it all down."""
