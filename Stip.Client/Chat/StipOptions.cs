namespace Stip.Client.Chat;

/// <summary>What <see cref="StipServices.AddStip"/> needs to reach a protected model.</summary>
public sealed record StipOptions
{
    /// <summary>The folder <c>client/</c> of <c>protect</c>, of a model that generates text or of an encoder.</summary>
    public required string Bundle { get; init; }

    /// <summary>The same of an encoder that makes embeddings beside a model that generates text; null (default) takes
    /// <see cref="Bundle"/>.</summary>
    public string? Encoder { get; init; }

    /// <summary>The server's address.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>A key of the server with the scope <c>infer</c>.</summary>
    public required string ApiKey { get; init; }

    /// <summary>A folder of <c>export</c> that guesses ahead; null (default) takes the bundle's own, where it has
    /// one.</summary>
    public string? Draft { get; init; }

    /// <summary>Without the key: options end up in logs.</summary>
    public override string ToString() => $"{nameof(StipOptions)} of {Endpoint}";
}
