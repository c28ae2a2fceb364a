//! Development only: fake provider, clock, canaries, scenario runner.
