"""What every process needs and the domain does not: settings, logs, metrics, traces, hosting."""
