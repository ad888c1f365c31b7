using Stip.Api.Engine;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints.Completions;

/// <summary>A step whose declaration was judged and whose rows are still to come.</summary>
internal sealed class ArrivingStep : IDisposable
{
    private readonly (DecoderHost Decoder, StepDeclaration Declaration) _judged;
    private readonly ArrivingRows _rows;
    private readonly ArrivingRows? _source;

    public ArrivingStep(SafetensorsHeader header, (DecoderHost Decoder, StepDeclaration Declaration) judged)
    {
        _judged = judged;
        var (declaration, dtype) = (judged.Declaration, judged.Declaration.Decoder.RowsDtype);
        _rows = new ArrivingRows(declaration.Rows, dtype);
        try
        {
            _source = declaration.Source is { } source ? new ArrivingRows(source, dtype) : null;
        }
        catch
        {
            _rows.Dispose();
            throw;
        }

        Tensors = new ArrivingTensors(
            header,
            _source is null
                ? [(CompletionFields.PromptEmbeds, _rows)]
                : [(CompletionFields.PromptEmbeds, _rows), (CompletionFields.EncoderInputsEmbeds, _source)]);
    }

    public ArrivingTensors Tensors { get; }

    /// <summary>The step, once all of it has come.</summary>
    public Outcome<PreparedStep> Judge() =>
        ValidStep.Judge(_judged.Declaration, _rows, _source).Is(out var step, out var refusal)
            ? new PreparedStep(_judged.Decoder, step)
            : refusal with { Model = _judged.Decoder.Snapshot.Model };

    public void Dispose() => Tensors.Dispose();
}
