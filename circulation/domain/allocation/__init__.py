"""Which free copy serves which waiting request, over the whole network at once (RULES.md, RQ-15).

``problem`` says what may serve whom and at what cost; ``solve`` finds the best assignment.
"""
