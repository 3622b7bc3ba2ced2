"""Papers of a job: the report for people, and the handover protocol for the driver."""
