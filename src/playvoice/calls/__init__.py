"""What happens on a call: the queue, the script, the conductor, groups, causes, the record, the crash rule."""
