"""The JSON of Alpaca's API: what requests say, and how answers look. The only place that knows either."""
