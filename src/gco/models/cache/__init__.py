"""The folder that holds a region's models: who writes, what is complete, what may go.

| below the root | what |
|---|---|
| NAME/DIGEST/ | the weights, and nothing else: this is what pods mount |
| NAME/.DIGEST/complete.json | the marker, written last: without it the weights count for nothing |
| NAME/.DIGEST/journal | what an unfinished copy has already |
| NAME/.DIGEST/progress.json | how far it is |
| NAME/.DIGEST/lock | held by the one process that writes |
"""
