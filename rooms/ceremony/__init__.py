"""The ceremony: things signed, handed over, unveiled and begun together by parties in several halls."""
