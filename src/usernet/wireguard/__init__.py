"""WireGuard as people know it: wg-quick(8)'s files, and what ``wg show`` says."""
