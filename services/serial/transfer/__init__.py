"""Sending and receiving whole files over the open port: raw, XMODEM and YMODEM."""
