"""The first tables."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(max_length=16)),
                ('body', models.JSONField()),
                ('texts', models.JSONField(default=dict)),
                ('size', models.PositiveBigIntegerField()),
                ('made', models.DateTimeField(auto_now_add=True)),
                ('leaf', models.BinaryField(blank=True, max_length=65536, null=True)),
                ('trouble', models.TextField(blank=True)),
                ('entry', models.CharField(blank=True, max_length=64)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-made', '-pk'],
            },
        ),
    ]
