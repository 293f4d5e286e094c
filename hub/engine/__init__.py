"""The engine: commands out, results in, nothing lost and nothing done twice."""
