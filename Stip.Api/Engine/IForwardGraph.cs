using Stip.Api.Engine.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>A loaded graph without a cache. Safe for concurrent use.</summary>
internal interface IForwardGraph : IDisposable
{
    /// <param name="inputs">Read where they lie, while it runs.</param>
    PassOutputs Run(IReadOnlyDictionary<string, TensorPayload> inputs);
}
