using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Runtime;

/// <summary>An arena in the machine's own memory: pages that no session has touched cost nothing.</summary>
internal sealed class HostArena : OrtArena
{
    private readonly NativeBuffer[] _tensors;

    public HostArena(CacheShape shape)
        : base(shape)
    {
        _tensors = new NativeBuffer[shape.TensorCount];
        try
        {
            for (var i = 0; i < _tensors.Length; i++)
            {
                _tensors[i] = new NativeBuffer(shape.Slots * shape.SlotBytes);
            }
        }
        catch (InsufficientMemoryException)
        {
            Dispose();
            throw;
        }
    }

    protected override OrtMemoryInfo Memory => OrtMemoryInfo.DefaultInstance;

    public override void Clear(int slot, int usedTokens)
    {
        var usedBytes = usedTokens * Shape.TokenBytes;
        foreach (var tensor in _tensors)
        {
            for (var head = 0; head < Shape.KvHeads; head++)
            {
                tensor.Span(At(Shape, slot, head), usedBytes).Clear();
            }
        }
    }

    public override void Copy(int source, ICacheArena targetArena, int target, int usedTokens)
    {
        var other = (HostArena)targetArena;
        var usedBytes = usedTokens * Shape.TokenBytes;
        for (var i = 0; i < _tensors.Length; i++)
        {
            for (var head = 0; head < Shape.KvHeads; head++)
            {
                _tensors[i].Span(At(Shape, source, head), usedBytes)
                    .CopyTo(other._tensors[i].Span(At(other.Shape, target, head), usedBytes));
            }
        }
    }

    /// <summary>Copies the first tokens of a slot out, <c>[kv_heads, tokens, head_dim]</c>.</summary>
    public void Read(int tensor, int slot, int tokens, Span<byte> target)
    {
        var bytes = tokens * Shape.TokenBytes;
        for (var head = 0; head < Shape.KvHeads; head++)
        {
            _tensors[tensor].Span(At(Shape, slot, head), bytes).CopyTo(target.Slice(head * bytes, bytes));
        }
    }

    /// <summary>Copies the last tokens of <c>[kv_heads, position + tokens, head_dim]</c> to a slot, at a position.
    /// </summary>
    public void Append(int tensor, int slot, int position, int tokens, ReadOnlySpan<byte> present)
    {
        var (from, bytes) = (position * Shape.TokenBytes, tokens * Shape.TokenBytes);
        for (var head = 0; head < Shape.KvHeads; head++)
        {
            present.Slice(head * (from + bytes) + from, bytes)
                .CopyTo(_tensors[tensor].Span(At(Shape, slot, head) + from, bytes));
        }
    }

    protected override void FreeMemory()
    {
        foreach (var tensor in _tensors)
        {
            tensor?.Dispose();
        }
    }

    protected override nint Start(int tensor) => _tensors[tensor].Start;

    private static long At(CacheShape shape, int slot, int head) =>
        (slot * (long)shape.KvHeads + head) * shape.HeadBytes;
}
