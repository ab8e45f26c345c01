"""The rehearsal: simulated people over the real protocols, and a verdict on what each saw and heard."""
