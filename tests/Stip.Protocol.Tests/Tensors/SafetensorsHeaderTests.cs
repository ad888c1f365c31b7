using System.Text;
using Stip.Protocol.Tensors;

namespace Stip.Protocol.Tests.Tensors;

public sealed class SafetensorsHeaderTests
{
    [Theory]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("{\"a\":5}")]
    [InlineData("{\"a\":{}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":\"1\",\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F9\",\"shape\":[1],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}")]
    [InlineData("{\"a\":{\"dtype\":5,\"shape\":[1],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[[1]],\"data_offsets\":[0,4]}}")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}")]
    [InlineData("{} {}")]
    [InlineData("{\"__metadata__\":{\"a\":{}}}")]
    [InlineData("{\"__metadata__\":{\"a\":5}}")]
    [InlineData("{\"__metadata__\":[]}")]
    [InlineData("{\"\\ud800\":{}}")]
    public void Header_ThatLies_IsRefused(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        Assert.Throws<InvalidDataException>(() => SafetensorsHeader.Parse(bytes, 8 + bytes.Length + 8));
    }

    [Theory]
    [InlineData(0, 4, 9, "the last 1 bytes belong to no tensor")]
    [InlineData(0, 8, 12, "bytes 4..8 before tensor 'b' belong to no tensor")]
    [InlineData(8, 4, 12, "bytes 0..4 before tensor 'b' belong to no tensor")]
    [InlineData(4, 0, 8, null)]
    public void Bytes_OfNoTensor_AreRefused(long first, long second, int dataBytes, string? message)
    {
        byte[] file =
        [
            .. SafetensorsHeader.Format([
                new SafetensorsEntry("a", TensorDtype.Float32, [1], first, 4),
                new SafetensorsEntry("b", TensorDtype.Float32, [1], second, 4),
            ]),
            .. new byte[dataBytes],
        ];
        var error = Record.Exception(() => SafetensorsHeader.Read(file));
        Assert.Equal(message is null ? null : "safetensors: " + message, (error as InvalidDataException)?.Message);
    }

    [Fact]
    public void Header_WithMoreThanItNeeds_IsRead()
    {
        const string Json = """
            {"__metadata__":{"a":"1","b":null,"a":"2"},
             "x":{"note":[{"y":1}],"shape":[1,1,1,1,1,1,1,1,2],"dtype":"F64","dtype":"F32","data_offsets":[0,8]}}
            """;
        var bytes = Encoding.UTF8.GetBytes(Json);
        var header = SafetensorsHeader.Parse(bytes, 8 + bytes.Length + 8);
        Assert.Equal([("a", "2"), ("b", "")], header.Metadata.Select(field => (field.Key, field.Value)));
        var entry = Assert.Single(header.Entries).Value;
        Assert.Equal((TensorDtype.Float32, 9, 8L), (entry.Dtype, entry.Shape.Count, entry.ByteLength));
        Assert.Equal(2, entry.Shape[8]);
    }

    [Fact]
    public void Header_DamagedAnywhere_IsReadOrRefused()
    {
        byte[] good =
        [
            .. SafetensorsHeader.Format(
                [
                    new SafetensorsEntry("rows", TensorDtype.Float16, [2, 3], 0, 12),
                    new SafetensorsEntry("more", TensorDtype.Int64, [], 12, 8),
                ],
                new Dictionary<string, string> { ["model"] = "m", ["position"] = "7" }),
            .. new byte[20],
        ];
        var random = new Random(7);
        for (var attempt = 0; attempt < 20_000; attempt++)
        {
            var bad = good[..random.Next(random.Next(2) == 0 ? 1 : good.Length, good.Length + 1)];
            for (var count = random.Next(4); count > 0 && bad.Length > 0; count--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            try
            {
                foreach (var entry in SafetensorsHeader.Read(bad).Entries.Values)
                {
                    Assert.InRange(entry.Offset, 0, bad.Length);
                    Assert.InRange(entry.Offset + entry.ByteLength, 0, bad.Length);
                }
            }
            catch (InvalidDataException)
            {
                // What a damaged header deserves.
            }
        }
    }
}
