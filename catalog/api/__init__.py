"""The catalogue over REST: members send records and copies, everyone may search and look.

A member key acts for its own agency and sees its own batches only; uploads are streamed.
"""
