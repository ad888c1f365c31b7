namespace Stip.Api.Engine.Loading;

/// <summary>A graph that takes memory while it is loaded.</summary>
internal interface ILoadable
{
    /// <summary>The model it belongs to.</summary>
    string Model { get; }

    /// <summary>Bytes of its files: about what it takes in memory.</summary>
    long Bytes { get; }

    /// <summary>Timestamp of its last use.</summary>
    long LastUsedAt { get; }

    /// <summary>False while something of it runs or waits.</summary>
    bool IsIdle { get; }

    /// <summary>Lets go of the memory; the next use loads it again.</summary>
    Task UnloadAsync();
}
