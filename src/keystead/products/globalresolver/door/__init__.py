"""The DNS door: DoH, DoT and Do53 in front of views, private zones, a firewall, and a real resolver."""
