using Stip.Api.Engine.Caches;

namespace Stip.Api.Runtime;

/// <summary>An arena whose slots have a source each, beside the keys and values of their own rows. It goes where its
/// slot goes: copies share it.</summary>
internal sealed class SequenceArena(CacheShape shape) : HostArena(shape)
{
    private readonly ReadSource?[] _sources = new ReadSource?[shape.Slots];

    /// <summary>What a slot has read.</summary>
    /// <exception cref="InvalidOperationException">It has read nothing yet.</exception>
    public ReadSource SourceOf(int slot) =>
        _sources[slot] ?? throw new InvalidOperationException("a step of a session that has read no source");

    /// <summary>Gives a slot another source, or none.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="source">Owned by the slot from now on.</param>
    public void Set(int slot, ReadSource? source)
    {
        var before = _sources[slot];
        _sources[slot] = source;
        before?.Release();
    }

    public override void Clear(int slot, int usedTokens)
    {
        Set(slot, null);
        base.Clear(slot, usedTokens);
    }

    public override void Copy(int source, ICacheArena targetArena, int target, int usedTokens)
    {
        ((SequenceArena)targetArena).Set(target, _sources[source]?.Share());
        base.Copy(source, targetArena, target, usedTokens);
    }

    protected override void FreeMemory()
    {
        for (var slot = 0; slot < _sources.Length; slot++)
        {
            Set(slot, null);
        }

        base.FreeMemory();
    }
}
