//! A slot on its way out: one SSRC whose source changes under it while its numbers run on.
