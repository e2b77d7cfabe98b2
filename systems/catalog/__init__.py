"""The systems that come with the package: one file each, with the citation on top.

The name of a file is the name of its system, and the file defines `SYSTEM`. A new file is found
without being entered anywhere.
"""
