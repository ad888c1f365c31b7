using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Runtime;

/// <summary>An arena in the machine's own memory: pages that no session has touched cost nothing.</summary>
internal class HostArena : OrtArena
{
    private readonly NativeBuffer[] _tensors;

    public HostArena(CacheShape shape)
        : base(shape)
    {
        _tensors = new NativeBuffer[shape.Tensors.Count];
        try
        {
            for (var i = 0; i < _tensors.Length; i++)
            {
                _tensors[i] = new NativeBuffer(shape.Slots * shape.SlotBytes(i));
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
        for (var tensor = 0; tensor < _tensors.Length; tensor++)
        {
            var bytes = (int)Shape.UsedBytes(tensor, usedTokens);
            for (var head = 0; head < Shape.Heads(tensor); head++)
            {
                _tensors[tensor].Span(At(tensor, slot, head), bytes).Clear();
            }
        }
    }

    public override void Copy(int source, ICacheArena targetArena, int target, int usedTokens)
    {
        var other = (HostArena)targetArena;
        for (var i = 0; i < _tensors.Length; i++)
        {
            var bytes = (int)Shape.UsedBytes(i, usedTokens);
            for (var head = 0; head < Shape.Heads(i); head++)
            {
                _tensors[i].Span(At(i, source, head), bytes)
                    .CopyTo(other._tensors[i].Span(other.At(i, target, head), bytes));
            }
        }
    }

    /// <summary>Copies the first tokens of some heads of a slot out, <c>[heads, tokens, width]</c>.</summary>
    public void Read(int tensor, int slot, int firstHead, int tokens, Span<byte> target)
    {
        var bytes = tokens * Shape.TokenBytes(tensor);
        for (var at = 0; at < target.Length; at += bytes)
        {
            _tensors[tensor].Span(At(tensor, slot, firstHead++), bytes).CopyTo(target.Slice(at, bytes));
        }
    }

    /// <summary>Copies the last tokens of some heads, <c>[heads, position + tokens, width]</c>, to a slot, at a
    /// position.</summary>
    public void Append(int tensor, int slot, int firstHead, int position, int tokens, ReadOnlySpan<byte> present)
    {
        var width = Shape.TokenBytes(tensor);
        var (from, bytes) = (position * width, tokens * width);
        for (var at = 0; at < present.Length; at += from + bytes)
        {
            present.Slice(at + from, bytes)
                .CopyTo(_tensors[tensor].Span(At(tensor, slot, firstHead++) + from, bytes));
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

    private long At(int tensor, int slot, int head) =>
        (slot * (long)Shape.Heads(tensor) + head) * Shape.HeadBytes(tensor);
}
