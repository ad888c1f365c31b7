using System.Buffers;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>Room for numbers whose shape was judged, filled and converted as they come: the only copy of them between
/// the connection and the graph's input. It grows with what has come, not with what was promised.</summary>
internal sealed class ArrivingRows : IDisposable
{
    private const int WidestElement = sizeof(long);

    // Room for what comes soon; a large body that is promised and never comes must cost little.
    private const int FirstBytes = 1 << 20;
    private const int Growth = 4;
    private readonly DeclaredRows _declared;
    private readonly TensorDtype _graphDtype;
    private readonly byte[] _cut = new byte[WidestElement];
    private byte[]? _rows;
    private int _filled;
    private int _cutBytes;

    /// <param name="declared">Judged.</param>
    /// <param name="graphDtype">The graph's type.</param>
    public ArrivingRows(DeclaredRows declared, TensorDtype graphDtype)
    {
        (_declared, _graphDtype) = (declared, graphDtype);
        _rows = ArrayPool<byte>.Shared.Rent(Math.Min(declared.GraphBytes(graphDtype), FirstBytes));
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

    /// <summary>Gives the rows away, rented of the shared pool, once all have come; else a refusal.</summary>
    public Refusal? Take(out byte[]? rows)
    {
        rows = null;
        if (_declared.Judge(_filled, _cutBytes, _graphDtype, _rows) is { } refusal)
        {
            return refusal;
        }

        (rows, _rows) = (_rows, null);
        return null;
    }

    public void Dispose()
    {
        if (_rows is not null)
        {
            ArrayPool<byte>.Shared.Return(_rows);
            _rows = null;
        }
    }

    private void Convert(ReadOnlySpan<byte> data)
    {
        var bytes = data.Length / _declared.Dtype.ByteSize() * _graphDtype.ByteSize();
        if (bytes > _declared.GraphBytes(_graphDtype) - _filled)
        {
            throw new InvalidDataException($"{_declared.Field} has more data than its shape asks for");
        }

        Grow(_filled + bytes);
        TensorConversion.Convert(_declared.Dtype, data, _graphDtype, _rows.AsSpan(_filled, bytes));
        _filled += bytes;
    }

    private void Grow(int bytes)
    {
        if (bytes > _rows!.Length)
        {
            var most = (long)_declared.GraphBytes(_graphDtype);
            var other = ArrayPool<byte>.Shared.Rent((int)Math.Min(most, Math.Max(bytes, (long)_rows.Length * Growth)));
            _rows.AsSpan(0, _filled).CopyTo(other);
            ArrayPool<byte>.Shared.Return(_rows);
            _rows = other;
        }
    }
}
