namespace Stip.Api.Engine;

/// <summary>What runs graphs.</summary>
internal interface IGraphRuntime
{
    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    string Provider { get; }

    /// <summary>Tokens that bounded caches have beside their window; null for the usual.</summary>
    int? SpareTokens => null;

    /// <summary>Makes sure, before graphs are loaded, that their files are those that were registered. Of a large
    /// package that takes minutes.</summary>
    /// <exception cref="GraphRefusedException">They are not.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    void Require(CancellationToken cancellation)
    {
    }

    /// <summary>Loads a decoder for serving.</summary>
    /// <exception cref="GraphRefusedException">The graph cannot be run.</exception>
    IDecoder LoadDecoder(DecoderSnapshot decoder);

    /// <summary>Loads a graph without a cache.</summary>
    /// <exception cref="GraphRefusedException">The graph cannot be run.</exception>
    IForwardGraph LoadForward(string graphPath);

    /// <summary>Loads a graph only to read its inputs and outputs.</summary>
    /// <exception cref="GraphRefusedException">The graph cannot be run.</exception>
    GraphSignature Inspect(string graphPath);
}
