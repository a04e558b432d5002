"""What a recorded computation is and how it runs: nodes, MXNet's JSON, shape inference, lowering to one callable."""
