"""The whole service as one function on AWS Lambda: beacon, badges, API.

`make deploy-aws` deploys the handler itself. This is for whoever has a deployment of
their own: put this file into the package that `make package-aws` builds.

`footfall tables create` and `footfall sites add` make the tables and the site.
"""

from footfall.aws_lambda import handler

__all__ = ["handler"]
