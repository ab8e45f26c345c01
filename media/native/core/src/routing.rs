//! Which layer each slot should show: routes, fallbacks, codecs, heights, and who is alive.
