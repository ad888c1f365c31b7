namespace Stip.Api.Engine.Caches;

/// <summary>Keys and values of many sessions: <c>[slots, kv_heads, capacity, head_dim]</c> twice a layer; a layer
/// with a window may have room for fewer tokens, the newest.</summary>
internal interface ICacheArena : IDisposable
{
    int Slots { get; }

    /// <summary>Longest sequence of a slot.</summary>
    int CapacityTokens { get; }

    /// <summary>True where a slot with so many tokens still has all that fewer of them need.</summary>
    bool CanRewind(int tokens, int position) => true;

    /// <summary>Zeroes what the first so many tokens of a slot left.</summary>
    void Clear(int slot, int usedTokens);

    /// <summary>Copies the first so many tokens of a slot to one of this or another arena of the decoder.</summary>
    void Copy(int source, ICacheArena targetArena, int target, int usedTokens);
}
