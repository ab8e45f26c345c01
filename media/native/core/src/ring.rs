//! The last packets of a layer, to answer NACKs and to begin viewers from.
