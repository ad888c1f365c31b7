namespace Stip.Api.Engine;

/// <summary>A step whose shape, type, size and numbers were judged. Only its judges make one.</summary>
internal sealed class ValidStep : IDisposable
{
    private readonly TensorRoom _rows;
    private readonly TensorRoom _source;

    private ValidStep(StepDeclaration declaration, TensorRoom rows, TensorRoom source) =>
        (Declaration, _rows, _source) = (declaration, rows, source);

    public StepDeclaration Declaration { get; }

    /// <summary>In the graph's type, <c>[rows, hidden]</c>.</summary>
    public ReadOnlySpan<byte> Rows => _rows.Span;

    /// <summary>Rows of the source in the graph's type, <c>[rows, hidden]</c>; none where the step brings
    /// none.</summary>
    public ReadOnlySpan<byte> Source => _source.Span;

    /// <summary>Converts rows to the graph's type and refuses what is not finite there.</summary>
    /// <param name="declaration">Judged.</param>
    /// <param name="data">Bytes of its rows.</param>
    /// <param name="source">Bytes of the source; none where the step brings none.</param>
    public static Outcome<ValidStep> Judge(
        StepDeclaration declaration, ReadOnlySpan<byte> data, ReadOnlySpan<byte> source = default)
    {
        var dtype = declaration.Decoder.RowsDtype;
        if (declaration.Rows.Convert(data, dtype, out var rows) is { } refusal)
        {
            return refusal;
        }

        var states = default(TensorRoom);
        try
        {
            if (declaration.Source?.Convert(source, dtype, out states) is { } sourceRefusal)
            {
                rows.Return();
                return sourceRefusal;
            }
        }
        catch
        {
            rows.Return();
            throw;
        }

        return new ValidStep(declaration, rows, states);
    }

    /// <summary>Takes over rows that came piece by piece, and refuses what is not whole or not finite.</summary>
    /// <param name="declaration">Judged.</param>
    /// <param name="data">Its rows.</param>
    /// <param name="source">The source's; null where the step brings none.</param>
    public static Outcome<ValidStep> Judge(StepDeclaration declaration, ArrivingRows data, ArrivingRows? source)
    {
        if (data.Take(out var rows) is { } refusal)
        {
            return refusal;
        }

        var states = default(TensorRoom);
        if (source?.Take(out states) is { } sourceRefusal)
        {
            rows.Return();
            return sourceRefusal;
        }

        return new ValidStep(declaration, rows, states);
    }

    public void Dispose()
    {
        _rows.Return();
        _source.Return();
    }
}
