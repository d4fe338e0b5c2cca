"""Reasoning models on a CPU, by libr1.so of r1.cpp."""

from ._library import Error, Status
from .model import Answer, Message, Model, Piece, version

__all__ = ["Answer", "Error", "Message", "Model", "Piece", "Status", "version"]
