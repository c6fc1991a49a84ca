"""The chain: contracts in domain words, written by one writer for each key.

Importing web3 takes seconds, so whoever needs this package imports it where it is used.
"""
