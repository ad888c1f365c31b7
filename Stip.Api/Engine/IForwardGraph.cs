using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>A loaded graph without a cache. Safe for concurrent use.</summary>
internal interface IForwardGraph : IDisposable
{
    IReadOnlyDictionary<string, TensorPayload> Run(IReadOnlyDictionary<string, TensorPayload> inputs);
}
