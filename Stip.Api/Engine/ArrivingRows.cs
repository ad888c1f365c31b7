using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>Room for numbers whose shape was judged, filled and converted as they come: the only copy of them between
/// the connection and the graph. A large body that is promised and never comes costs no more than what has come of it.
/// </summary>
internal sealed class ArrivingRows : IDisposable
{
    private const int WidestElement = sizeof(long);
    private readonly DeclaredRows _declared;
    private readonly TensorDtype _graphDtype;
    private readonly byte[] _cut = new byte[WidestElement];
    private TensorRoom _room;
    private int _filled;
    private int _cutBytes;

    /// <param name="declared">Judged.</param>
    /// <param name="graphDtype">The graph's type.</param>
    public ArrivingRows(DeclaredRows declared, TensorDtype graphDtype)
    {
        (_declared, _graphDtype) = (declared, graphDtype);
        _room = TensorRoom.Rent(declared.GraphBytes(graphDtype));
    }

    /// <summary>Room for several tensors: for all of them, or for none.</summary>
    /// <exception cref="InsufficientMemoryException">There is none.</exception>
    public static ArrivingRows[] ForAll(IReadOnlyList<(DeclaredRows Declared, TensorDtype GraphDtype)> tensors)
    {
        var rows = new List<ArrivingRows>(tensors.Count);
        try
        {
            foreach (var (declared, graphDtype) in tensors)
            {
                rows.Add(new ArrivingRows(declared, graphDtype));
            }

            return [.. rows];
        }
        catch
        {
            rows.ForEach(static made => made.Dispose());
            throw;
        }
    }

    /// <summary>Takes the next bytes, which may end anywhere.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        var element = _declared.Dtype.ByteSize();
        while (_cutBytes > 0 && data.Length > 0)
        {
            _cut[_cutBytes++] = data[0];
            data = data[1..];
            if (_cutBytes == element)
            {
                _cutBytes = 0;
                Convert(_cut.AsSpan(0, element));
            }
        }

        var whole = data.Length / element * element;
        Convert(data[..whole]);
        data[whole..].CopyTo(_cut.AsSpan(_cutBytes));
        _cutBytes += data.Length - whole;
    }

    /// <summary>Gives the rows away, rented, once all have come; else a refusal.</summary>
    public Refusal? Take(out TensorRoom rows)
    {
        rows = default;
        if (_declared.Judge(_filled, _cutBytes, _graphDtype, _room.Span) is { } refusal)
        {
            return refusal;
        }

        (rows, _room) = (_room, default);
        return null;
    }

    public void Dispose()
    {
        _room.Return();
        _room = default;
    }

    private void Convert(ReadOnlySpan<byte> data)
    {
        var bytes = data.Length / _declared.Dtype.ByteSize() * _graphDtype.ByteSize();
        if (bytes > _room.Bytes - _filled)
        {
            throw new InvalidDataException($"{_declared.Field} has more data than its shape asks for");
        }

        TensorConversion.Convert(_declared.Dtype, data, _graphDtype, _room.Span.Slice(_filled, bytes));
        _filled += bytes;
    }
}
