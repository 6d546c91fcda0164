"""Read: what stands on a tag, recorded as it is and judged only as far as no trust list is needed."""

from gateway.model import Target
from gateway.stations.post import Post
from gateway.stations.result import GREEN, Result, Signal
from gateway.stations.verify import see, told


async def read_one(post: Post, target: Target) -> Result:
    """Read one tag and record it; the signal is green when that is durable. Raises TagGone."""
    started = post.ticks()
    seen = await see(post, target)
    sentence = f"read: {seen.tag.describe()}"
    if seen.stub is not None:
        sentence = f"read: {seen.product}, seq {seen.stub.seq}"
    return await told(post, seen, started, "read", Signal(GREEN, sentence))
