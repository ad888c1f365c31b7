namespace Stip.Api.Engine;

/// <summary>Keys and values of one session: <c>[1, kv_heads, capacity, head_dim]</c> twice a layer.</summary>
internal interface ICache : IDisposable
{
    int CapacityTokens { get; }

    /// <summary>Zeroes what the first so many tokens left.</summary>
    void Clear(int usedTokens);
}
