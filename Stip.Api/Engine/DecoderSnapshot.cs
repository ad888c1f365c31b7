using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>What the engine knows of a decoder before and while it is loaded.</summary>
internal sealed record DecoderSnapshot(
    string Model,
    string GraphPath,
    int HiddenSize,
    int VocabSize,
    int ContextLength,
    int MaxTopK,
    TensorDtype RowsDtype,
    TensorDtype LogitsDtype,
    TensorDtype CacheDtype,
    CacheManifest Cache);
