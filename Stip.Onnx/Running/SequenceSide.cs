using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Running;

/// <summary>A folder of an encoder and a decoder from token ids on: nothing moves.</summary>
internal sealed class SequenceSide(string folder) : IModelSide
{
    public string Kind => ModelKinds.EncoderDecoder;

    public string MainRole => GraphRoles.Decoder;

    public int ContextLength => int.MaxValue;

    public int? ImageTokenId => null;

    public bool HasSharedCache => false;

    public EmbeddingTables? Tables => null;

    public string? ClientGraphOf(string role) => null;

    public string GraphOf(string role) => EncoderDecoderFolder.FileOf(folder, role);

    public HostTensor Protect(string role, string name, HostTensor plain) => plain;

    public HostTensor Restore(string role, string name, HostTensor given) => given;

    public void Dispose()
    {
    }
}
