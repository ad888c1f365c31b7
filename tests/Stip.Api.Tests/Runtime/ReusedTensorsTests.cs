using Stip.Api.Runtime;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Runtime;

public sealed class ReusedTensorsTests
{
    [Fact]
    public void Add_AfterOneThatFoundNoRoom_HasItsMemory()
    {
        using var tensors = new ReusedTensors();
        tensors.Add(TensorDtype.Int64, 4).Fill(1);
        tensors.Clear();

        Assert.Throws<InsufficientMemoryException>(() => Add(tensors, 1L << 58));
        tensors.Clear();

        Assert.Equal(new byte[32], Add(tensors, 4));
    }

    private static byte[] Add(ReusedTensors tensors, long length)
    {
        var bytes = tensors.Add(TensorDtype.Int64, length);
        bytes.Clear();
        return bytes.ToArray();
    }
}
