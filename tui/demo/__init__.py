"""Stand-ins for the real thing: what `opsterm demo` and the tests run against."""
