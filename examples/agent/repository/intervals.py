def merge(intervals):
    """Joins the intervals that overlap or touch: of (1, 3) and (3, 5) becomes (1, 5)."""
    merged = []
    for begin, end in sorted(intervals):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged
