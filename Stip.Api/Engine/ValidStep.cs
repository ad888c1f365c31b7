using System.Buffers;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>A step whose shape, type, size and numbers were judged. Only <see cref="Judge"/> makes one.</summary>
internal sealed class ValidStep : IDisposable
{
    private readonly byte[] _rows;
    private readonly int _rowBytes;

    private ValidStep(StepDeclaration declaration, byte[] rows, int rowBytes)
    {
        Declaration = declaration;
        _rows = rows;
        _rowBytes = rowBytes;
    }

    public StepDeclaration Declaration { get; }

    /// <summary>In the graph's type, <c>[rows, hidden]</c>.</summary>
    public ReadOnlySpan<byte> Rows => _rows.AsSpan(0, _rowBytes);

    /// <summary>Converts rows to the graph's type and refuses what is not finite there.</summary>
    public static Outcome<ValidStep> Judge(StepDeclaration declaration, ReadOnlySpan<byte> data)
    {
        if (data.Length != declaration.DataBytes)
        {
            return new Refusal(
                StipErrorCode.ShapeMismatch,
                $"prompt_embeds has {data.Length} bytes of data, its shape asks for {declaration.DataBytes}",
                CompletionFields.PromptEmbeds);
        }

        var graphDtype = declaration.Decoder.RowsDtype;
        var bytes = data.Length / declaration.Dtype.ByteSize() * graphDtype.ByteSize();
        var rows = ArrayPool<byte>.Shared.Rent(bytes);
        TensorConversion.Convert(declaration.Dtype, data, graphDtype, rows.AsSpan(0, bytes));
        if (TensorConversion.AllFinite(graphDtype, rows.AsSpan(0, bytes)))
        {
            return new ValidStep(declaration, rows, bytes);
        }

        ArrayPool<byte>.Shared.Return(rows);
        return new Refusal(
            StipErrorCode.NonFiniteInput,
            $"prompt_embeds holds a NaN, an infinity or a value beyond {graphDtype.WireName()}, the model's own type",
            CompletionFields.PromptEmbeds);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_rows);
}
